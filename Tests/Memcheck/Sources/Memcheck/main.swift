import SansIOTLS

var count = 0
for version in [TLSVersion.tls12, .tls13] {
  for conversation in Conversation.all {
    do {
      try conversation.run(version)
      count += 1
    } catch { fatalError("\(conversation.name), \(version): \(error)") }
  }
}
print("\(count) conversations")
