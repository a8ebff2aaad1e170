/// A record of application data that does not open, and is long enough for the nonce and tag, or the MAC, of each
/// suite: libssl answers it by bad_record_mac.
let corruptRecord: [UInt8] = [23, 3, 3, 0, 80] + pattern(80)
