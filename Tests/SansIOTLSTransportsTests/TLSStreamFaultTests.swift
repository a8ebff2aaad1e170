import SansIOTLS
import SansIOTLSTestKit
import SansIOTLSTransports
import Testing

/// Streams over faulty links: everything arrives, or an error states why not, and nothing blocks.
struct TLSStreamFaultTests {
  private struct Ends {
    let client: TLSStream<SimulatedTransport>
    let server: TLSStream<SimulatedTransport>
    let carrier: SimulatedTransport

    init(_ contexts: (client: TLSContext, server: TLSContext), _ link: SimulatedLink) throws {
      let (near, far) = SimulatedTransport.pair(link)
      carrier = near
      client = TLSStream(try TLSStreamTests.clientEngine(contexts.client), over: near)
      server = TLSStream(try TLSEngine(.server, context: contexts.server), over: far)
    }

    /// Echoes until the client closes, then closes.
    func echo() async -> TLSStreamError? {
      do throws(TLSStreamError) {
        while let bytes = try await server.read() { try await server.write(bytes) }
        try await server.close()
        return nil
      } catch {
        // An application that failed ends its transport.
        await hangUp()
        return error
      }
    }

    /// Sends, and reads the response, both at once.
    func converse(_ bytes: [UInt8]) async -> (received: [UInt8], error: TLSStreamError?) {
      async let echoed = receive()
      do throws(TLSStreamError) {
        try await client.write(bytes)
        try await client.close()
      } catch {
        await hangUp()
        return (await echoed.received, error)
      }
      return await echoed
    }

    private func receive() async -> (received: [UInt8], error: TLSStreamError?) {
      var received: [UInt8] = []
      do throws(TLSStreamError) {
        while let piece = try await client.read() { received += piece }
        return (received, nil)
      } catch {
        await hangUp()
        return (received, error)
      }
    }

    private func hangUp() async {
      client.abort()
      server.abort()
    }
  }

  private func bytes(_ count: Int) -> [UInt8] { (0..<count).map { UInt8(truncatingIfNeeded: $0 &* 13 ^ $0 >> 9) } }

  @Test(arguments: [TLSVersion.tls12, .tls13])
  func `links that only split and delay change nothing`(version: TLSVersion) async throws {
    let contexts = try TLSStreamTests.contexts(version)
    let sent = bytes(100_000)
    for seed in UInt64(1)...30 {
      let ends = try Ends(contexts, SimulatedLink(seed: seed))
      async let server = ends.echo()
      let (received, error) = await ends.converse(sent)
      #expect(error == nil && received == sent, "seed \(seed): \(error as Any)")
      #expect(await server == nil, "seed \(seed)")
    }
  }

  @Test(arguments: [SimulatedLink.Faults.corrupts, .truncates, .halfCloses])
  func `links that damage the stream end it with a fitting error`(fault: SimulatedLink.Faults) async throws {
    let contexts = try TLSStreamTests.contexts()
    let sent = bytes(100_000)
    var failures = 0
    for seed in UInt64(1)...30 {
      let ends = try Ends(contexts, SimulatedLink(seed: seed, faults: [.harmless, fault]))
      // Both sides wait for a record whose length was changed: an application's timeout ends that.
      let patience = Task {
        guard (try? await Task.sleep(for: .seconds(5))) != nil else { return }
        ends.client.abort()
        ends.server.abort()
      }
      defer { patience.cancel() }
      async let server = ends.echo()
      let (received, error) = await ends.converse(sent)
      #expect(sent.starts(with: received), "seed \(seed)")
      // Neither side examines some of the bits.
      #expect(error != nil || received == sent, "seed \(seed)")
      let reported = [error, await server].compactMap { $0?.code }
      #expect(reported.allSatisfy { [.tls, .aborted].contains($0) }, "seed \(seed): \(reported)")
      failures += reported.isEmpty ? 0 : 1
    }
    #expect(failures > 5)
  }

  @Test func `the end of a simulated transport is reported by every call`() async {
    let (near, far) = SimulatedTransport.pair(.direct)
    await near.closeOutput()
    for _ in 0..<2 { #expect(await far.receive(upTo: 1) == nil) }
  }
}
