// Bare includes only: a change in a system library target's own header does not trigger a rebuild,
// so everything that is ours lives in CSansIOTLSShims.
#ifndef SANS_IO_TLS_OPENSSL_H
#define SANS_IO_TLS_OPENSSL_H

#if !__has_include(<openssl/ssl.h>)
#error "OpenSSL's headers are missing. Debian, Ubuntu: apt-get install libssl-dev pkg-config. Fedora: dnf install openssl-devel. macOS: brew install openssl@3 pkg-config."
#endif

#include <openssl/bio.h>
#include <openssl/conf.h>
#include <openssl/ct.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/ocsp.h>
#include <openssl/opensslv.h>
#include <openssl/pem.h>
#include <openssl/pkcs12.h>
#include <openssl/proverr.h>
#include <openssl/rand.h>
#include <openssl/ssl.h>
#include <openssl/store.h>
#include <openssl/ui.h>
#include <openssl/x509.h>
#include <openssl/x509_vfy.h>
#include <openssl/x509v3.h>

#if OPENSSL_VERSION_NUMBER < 0x30000000L
#error "OpenSSL 3.0 or later is needed. Debian 12 and later: apt-get install libssl-dev."
#endif

#endif
