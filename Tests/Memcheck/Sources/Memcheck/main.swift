import SansIOTLS

var count = 0
for conversation in Conversation.all {
  for version in conversation.versions {
    do {
      try conversation.run(version)
      count += 1
    } catch { fatalError("\(conversation.name), \(version): \(error)") }
  }
}
print("\(count) conversations")
