// SOCK_SEQPACKET with SCM_RIGHTS (unix(7)).
#include "packet_socket.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <array>
#include <cassert>
#include <cstring>

#include "wire.h"

namespace intertie::execution_runners {
namespace {

using core::Reason;
using core::Result;

constexpr int kBacklog = 16;
constexpr std::size_t kControlBytes = CMSG_SPACE(kAttachmentsMax * sizeof(int));

Result<sockaddr_un> make_address(int folder, const std::string& name) {
  const std::string path = "/proc/self/fd/" + std::to_string(folder) + "/" + name;
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  if (path.size() >= sizeof(address.sun_path)) return {Reason::too_large, "socket name"};
  path.copy(address.sun_path, path.size());
  return address;
}

Result<Descriptor> make_socket() {
  Descriptor socket(::socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
  if (!socket.is_open()) return make_io_error("socket", errno);
  return socket;
}

}  // namespace

Result<Descriptor> listen_for_packets(int folder, const std::string& name) {
  auto socket = make_socket();
  if (!socket) return socket;
  const auto address = make_address(folder, name);
  if (!address) return address.error();
  ::unlinkat(folder, name.c_str(), 0);
  const mode_t mask = ::umask(0177);
  const int bound =
      ::bind(socket->get(), reinterpret_cast<const sockaddr*>(&*address), sizeof(sockaddr_un));
  const int error = errno;
  ::umask(mask);
  if (bound != 0) return make_io_error("bind of " + name, error);
  if (::listen(socket->get(), kBacklog) != 0) return make_io_error("listen", errno);
  return socket;
}

Result<Descriptor> connect_for_packets(int folder, const std::string& name) {
  auto socket = make_socket();
  if (!socket) return socket;
  const auto address = make_address(folder, name);
  if (!address) return address.error();
  if (::connect(socket->get(), reinterpret_cast<const sockaddr*>(&*address), sizeof(sockaddr_un)) !=
      0) {
    return {Reason::unreachable, describe_error("launcher", errno)};
  }
  return socket;
}

bool is_own_peer(int socket) {
  ucred peer{};
  socklen_t size = sizeof(peer);
  if (::getsockopt(socket, SOL_SOCKET, SO_PEERCRED, &peer, &size) != 0) return false;
  return peer.uid == ::geteuid() || peer.uid == 0;
}

Result<std::pair<Descriptor, Descriptor>> make_packet_pair() {
  int ends[2];
  if (::socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends) != 0) {
    return make_io_error("socketpair", errno);
  }
  return std::pair{Descriptor(ends[0]), Descriptor(ends[1])};
}

PacketState send_packet(int socket, std::string_view bytes, std::span<const int> attachments) {
  assert(attachments.size() <= kAttachmentsMax);
  iovec part{const_cast<char*>(bytes.data()), bytes.size()};
  msghdr message{};
  message.msg_iov = &part;
  message.msg_iovlen = 1;
  alignas(cmsghdr) std::array<char, kControlBytes> control{};
  if (!attachments.empty()) {
    message.msg_control = control.data();
    message.msg_controllen = CMSG_SPACE(attachments.size_bytes());
    cmsghdr* const header = CMSG_FIRSTHDR(&message);
    header->cmsg_level = SOL_SOCKET;
    header->cmsg_type = SCM_RIGHTS;
    header->cmsg_len = CMSG_LEN(attachments.size_bytes());
    std::memcpy(CMSG_DATA(header), attachments.data(), attachments.size_bytes());
  }
  while (true) {
    const ssize_t sent = ::sendmsg(socket, &message, MSG_NOSIGNAL | MSG_DONTWAIT);
    if (sent >= 0) return PacketState::done;
    if (errno == EINTR) continue;
    // ETOOMANYREFS: too many descriptors are on their way; the other side is slow.
    const bool is_full = errno == EAGAIN || errno == ENOBUFS || errno == ETOOMANYREFS;
    return is_full ? PacketState::none : PacketState::closed;
  }
}

PacketState receive_packet(int socket, Packet& packet) {
  packet.attachments.clear();
  packet.bytes.resize(kPacketBytesMax);
  iovec part{packet.bytes.data(), packet.bytes.size()};
  msghdr message{};
  message.msg_iov = &part;
  message.msg_iovlen = 1;
  alignas(cmsghdr) std::array<char, kControlBytes> control{};
  message.msg_control = control.data();
  message.msg_controllen = control.size();
  ssize_t count = -1;
  do {
    count = ::recvmsg(socket, &message, MSG_CMSG_CLOEXEC | MSG_DONTWAIT);
  } while (count < 0 && errno == EINTR);
  if (count < 0) return errno == EAGAIN ? PacketState::none : PacketState::closed;
  for (cmsghdr* header = CMSG_FIRSTHDR(&message); header != nullptr;
       header = CMSG_NXTHDR(&message, header)) {
    if (header->cmsg_level != SOL_SOCKET || header->cmsg_type != SCM_RIGHTS) continue;
    for (std::size_t offset = 0; CMSG_LEN(offset) < header->cmsg_len; offset += sizeof(int)) {
      int attachment = -1;
      std::memcpy(&attachment, CMSG_DATA(header) + offset, sizeof(int));
      packet.attachments.emplace_back(attachment);
    }
  }
  const bool is_cut = (message.msg_flags & (MSG_TRUNC | MSG_CTRUNC)) != 0;
  if (count == 0 || is_cut) return PacketState::closed;
  packet.bytes.resize(static_cast<std::size_t>(count));
  return PacketState::done;
}

PacketState wait_for_packet(int socket, Packet& packet) {
  while (true) {
    const PacketState state = receive_packet(socket, packet);
    if (state != PacketState::none) return state;
    pollfd watched{socket, POLLIN, 0};
    ::poll(&watched, 1, -1);
  }
}

}  // namespace intertie::execution_runners
