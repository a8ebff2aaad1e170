#if os(Linux)
  typealias DescriptorPoller = EpollPoller
#else
  typealias DescriptorPoller = PollPoller
#endif
