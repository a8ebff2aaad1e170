import Testing

@testable import SansIOTLSTestKit

struct TestSeedsTests {
  @Test
  func `seeds count from 1`() {
    #expect(TestSeeds.first(3, only: nil) == [1, 2, 3])
    #expect(TestSeeds.first(0, only: nil) == [])
  }

  @Test
  func `the seed of the environment is the only one`() {
    #expect(TestSeeds.first(3, only: "17") == [17])
    #expect(TestSeeds.first(3, only: "18446744073709551615") == [.max])
  }

  @Test
  func `a seed that is not a number traps`() async {
    await #expect(processExitsWith: .failure) { _ = TestSeeds.first(3, only: "seventeen") }
  }
}
