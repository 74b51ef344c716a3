// Packets over a unix socket, with one descriptor attached where needed.
#pragma once

#include <string>
#include <string_view>

#include "intertie/core/result.h"

#include "descriptor.h"

namespace intertie::execution_runners {

enum class PacketState { done, none, closed };  // none: nothing now, or no room now.

struct Packet {
  std::string bytes;
  Descriptor attachment;
};

/// A listening SOCK_SEQPACKET socket `name` in `folder`, mode 0600; replaces a stale one. The
/// folder's path may be longer than a socket address: it is reached through its descriptor.
core::Result<Descriptor> listen_for_packets(int folder, const std::string& name);
/// Connects without blocking afterwards. unreachable when nobody listens.
core::Result<Descriptor> connect_for_packets(int folder, const std::string& name);

/// True when the other side is this user or root.
bool is_own_peer(int socket);

PacketState send_packet(int socket, std::string_view bytes, int attachment);
PacketState receive_packet(int socket, Packet& packet);

}  // namespace intertie::execution_runners
