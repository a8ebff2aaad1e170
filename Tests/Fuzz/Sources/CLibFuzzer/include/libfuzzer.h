// libFuzzer has no header: this declaration is from its documentation.
#ifndef LIBFUZZER_H
#define LIBFUZZER_H
#include <stddef.h>
#include <stdint.h>

int LLVMFuzzerRunDriver(int *argc, char ***argv, int (*test_one_input)(const uint8_t *data, size_t size));

// libcrypto's, which the library links: the digest that makes a changed session look whole.
unsigned char *SHA256(const unsigned char *bytes, size_t count, unsigned char *digest);

#endif
