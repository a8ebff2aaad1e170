import CLibFuzzer

// SwiftPM gives an executable a `main` that comes here instead of libFuzzer's own: its driver is called from here.
var count = CommandLine.argc
var arguments: UnsafeMutablePointer<UnsafeMutablePointer<CChar>?>? = CommandLine.unsafeArgv
let status = LLVMFuzzerRunDriver(&count, &arguments) { fuzzOneInput($0, $1) }
precondition(status == 0)
