// Packets over a unix socket, with descriptors attached where needed.
#pragma once

#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "intertie/core/result.h"

#include "descriptor.h"

namespace intertie::execution_runners {

enum class PacketState { done, none, closed };  // none: nothing now, or no room now.

inline constexpr std::size_t kAttachmentsMax = 12;

struct Packet {
  std::string bytes;
  std::vector<Descriptor> attachments;

  /// The attachment at `index`, once; closed if there is none.
  Descriptor take_attachment(std::size_t index) {
    return index < attachments.size() ? std::move(attachments[index]) : Descriptor();
  }
};

/// A listening SOCK_SEQPACKET socket `name` in `folder`, mode 0600; replaces a stale one. The
/// folder's path may be longer than a socket address: it is reached through its descriptor.
core::Result<Descriptor> listen_for_packets(int folder, const std::string& name);
/// Connects without blocking afterwards. unreachable when nobody listens.
core::Result<Descriptor> connect_for_packets(int folder, const std::string& name);

/// True when the other side is this user or root.
bool is_own_peer(int socket);

/// A connected pair of packet sockets.
core::Result<std::pair<Descriptor, Descriptor>> make_packet_pair();

/// Neither waits. At most kAttachmentsMax attachments.
PacketState send_packet(int socket, std::string_view bytes, std::span<const int> attachments);
PacketState receive_packet(int socket, Packet& packet);
/// Waits for the next packet; none never comes back.
PacketState wait_for_packet(int socket, Packet& packet);

}  // namespace intertie::execution_runners
