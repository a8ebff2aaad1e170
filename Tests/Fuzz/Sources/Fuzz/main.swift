import CLibFuzzer

// SwiftPM's `main` of an executable replaces libFuzzer's: the driver is called from here.
var count = CommandLine.argc
var arguments: UnsafeMutablePointer<UnsafeMutablePointer<CChar>?>? = CommandLine.unsafeArgv
let status = LLVMFuzzerRunDriver(&count, &arguments) { fuzzOneInput($0, $1) }
precondition(status == 0)
