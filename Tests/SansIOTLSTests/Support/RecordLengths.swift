/// The lengths of the TLS records in a stream of whole records, headers included.
func recordLengths(_ stream: [UInt8]) -> [Int] {
  var lengths: [Int] = []
  var start = 0
  while start + 5 <= stream.count {
    let length = 5 + Int(stream[start + 3]) << 8 + Int(stream[start + 4])
    lengths.append(length)
    start += length
  }
  return lengths
}
