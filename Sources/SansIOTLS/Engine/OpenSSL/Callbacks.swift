/// The functions that libssl calls. They only record: the engine reads what they note after the call that they ran in,
/// and their answers were decided before it. Two pass a value to the application: the one for the key log receives
/// nothing from it, the one for a signer a value. Each leaves the error queue unchanged, unless it makes the handshake
/// fail.
///
/// The pointers they receive are valid for the duration of the callback; everything kept is copied or referenced.
enum Callbacks {}
