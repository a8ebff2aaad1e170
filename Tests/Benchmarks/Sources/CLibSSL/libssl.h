// Only for the compiler and linker flags of the C targets; no Swift file imports this module.
#include <openssl/ssl.h>
