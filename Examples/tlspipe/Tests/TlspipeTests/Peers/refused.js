// Connects with a client certificate, sends a line and prints the error that ends the connection.
//
//   node refused.js PORT NAME VERSION CERTIFICATE KEY CA
const fs = require('fs')
const tls = require('tls')
const [port, servername, version, cert, key, ca] = process.argv.slice(2)
const only = 'TLSv' + version
const socket = tls.connect({
  host: '127.0.0.1', port: Number(port), servername, minVersion: only, maxVersion: only,
  cert: fs.readFileSync(cert), key: fs.readFileSync(key), ca: fs.readFileSync(ca),
}, () => socket.write('hello\n'))
socket.on('data', data => console.log('received', data.toString()))
socket.on('error', error => console.log(error.message, error.code))
