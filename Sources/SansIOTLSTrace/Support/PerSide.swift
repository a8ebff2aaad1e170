internal import SansIOTLS

/// A value for each side of a conversation.
struct PerSide<Value: Sendable>: Sendable {
  var client: Value
  var server: Value

  subscript(_ side: TLSRole) -> Value {
    get { side == .client ? client : server }
    set { if side == .client { client = newValue } else { server = newValue } }
  }
}

extension PerSide: Equatable where Value: Equatable {}
