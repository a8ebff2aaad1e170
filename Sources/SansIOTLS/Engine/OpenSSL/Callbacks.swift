/// The functions that libssl calls. They only record: the engine reads what they note after the call that they ran in,
/// and their answers were decided before it. One passes a value to the application, and receives nothing from it: the
/// key log. Each leaves the error queue unchanged, unless it makes the handshake fail.
///
/// The pointers they receive are valid for the duration of the callback; everything kept is copied or referenced.
enum Callbacks {}
