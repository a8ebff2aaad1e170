/// The functions that libssl calls. They only record: what they learn is read by the engine after the call that they
/// happened in, and what they answer was decided before it. One hands a value to the application and gets
/// nothing back: the key log sink. Each leaves the error queue as it found it, unless it makes the handshake fail.
///
/// The pointers they are handed live for the duration of the callback; everything kept is copied or referenced.
enum Callbacks {}
