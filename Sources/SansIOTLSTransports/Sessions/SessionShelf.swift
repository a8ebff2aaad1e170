internal import SansIOTLS

/// The sessions of a ``TLSSessionCache``, by server: bounded in servers, and in sessions of each. No lock, no clock.
///
/// The servers are in a row, from the one used last to the one used least recently. The row is a list in an array: a
/// place that is free has no entry, and is used again.
struct SessionShelf: Sendable {
  /// A name, and the configuration that a session is for.
  struct Key: Sendable, Hashable {
    let serverName: TLSServerName
    let configuration: TLSContext.Configuration

    init(_ serverName: TLSServerName, _ configuration: TLSContext.Configuration) {
      self.serverName = Self.canonical(serverName)
      self.configuration = configuration
    }

    /// Two spellings of a DNS name are one.
    private static func canonical(_ name: TLSServerName) -> TLSServerName {
      guard case .dns(let text) = name else { return name }
      let lowercased = text.lowercased()
      return .dns(lowercased.hasSuffix(".") ? String(lowercased.dropLast()) : lowercased)
    }

    /// The name alone: to hash certificates would take longer than to compare the few configurations of one name.
    func hash(into hasher: inout Hasher) { hasher.combine(serverName) }
  }

  private struct Entry: Sendable {
    let key: Key
    /// Oldest first.
    var sessions: [TLSSession]
    /// Used after this one.
    var newer: Int?
    /// Used before this one.
    var older: Int?
  }

  private let serverCount: Int
  private let sessionsPerServer: Int
  private var entries: [Entry?] = []
  private var places: [Key: Int] = [:]
  private var free: [Int] = []
  private var newest: Int?
  private var oldest: Int?

  init(serverCount: Int, sessionsPerServer: Int) {
    self.serverCount = serverCount
    self.sessionsPerServer = sessionsPerServer
  }

  var count: Int { entries.reduce(0) { $0 + ($1?.sessions.count ?? 0) } }

  /// Returns the newest session that has not expired; one for a single use is removed.
  ///
  /// - Parameter time: seconds since 1970.
  mutating func take(_ key: Key, at time: Int64) -> TLSSession? {
    guard let place = places[key], var entry = entries[place] else { return nil }
    entry.sessions.removeAll { $0.creationTime > time || time - $0.creationTime >= $0.lifetime }
    let session = entry.sessions.last
    if session?.isSingleUse == true { entry.sessions.removeLast() }
    entries[place] = entry
    if entry.sessions.isEmpty { remove(key) } else { use(place) }
    return session
  }

  mutating func insert(_ session: TLSSession, _ key: Key) {
    if let place = places[key] {
      // A session of TLS 1.2 is good for every connection: the newest replaces the others.
      if !session.isSingleUse { entries[place]!.sessions.removeAll { !$0.isSingleUse } }
      entries[place]!.sessions.append(session)
      if entries[place]!.sessions.count > sessionsPerServer { entries[place]!.sessions.removeFirst() }
      return use(place)
    }
    if places.count == serverCount, let oldest { remove(entries[oldest]!.key) }
    let entry = Entry(key: key, sessions: [session])
    let place: Int
    if let last = free.popLast() {
      place = last
      entries[place] = entry
    } else {
      place = entries.count
      entries.append(entry)
    }
    places[key] = place
    link(place)
  }

  mutating func remove(_ key: Key) {
    guard let place = places.removeValue(forKey: key) else { return }
    unlink(place)
    entries[place] = nil
    free.append(place)
  }

  mutating func removeAll() { self = SessionShelf(serverCount: serverCount, sessionsPerServer: sessionsPerServer) }

  // MARK: The row

  private mutating func use(_ place: Int) {
    if newest == place { return }
    unlink(place)
    link(place)
  }

  private mutating func link(_ place: Int) {
    entries[place]!.older = newest
    entries[place]!.newer = nil
    if let newest { entries[newest]!.newer = place }
    newest = place
    if oldest == nil { oldest = place }
  }

  private mutating func unlink(_ place: Int) {
    let (newer, older) = (entries[place]!.newer, entries[place]!.older)
    if let newer { entries[newer]!.older = older } else { newest = older }
    if let older { entries[older]!.newer = newer } else { oldest = newer }
  }
}
