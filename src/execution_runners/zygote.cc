// One packet with descriptors in, one pid out.
#include "zygote.h"

#include <errno.h>
#include <sched.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cstring>
#include <utility>
#include <vector>

#include "intertie/core/limits.h"

#include "kernel_calls.h"
#include "packet_socket.h"
#include "sandbox.h"
#include "wire.h"

namespace intertie::execution_runners {
namespace {

using core::Result;

/// The order's descriptors travel in the packet in this order, those that are -1 left out.
constexpr std::array kParts = {
    &ZygoteOrder::request, &ZygoteOrder::folder,    &ZygoteOrder::output,
    &ZygoteOrder::errors,  &ZygoteOrder::reports,   &ZygoteOrder::pids,
    &ZygoteOrder::group,   &ZygoteOrder::gang_user, &ZygoteOrder::gang_net};
static_assert(kParts.size() <= kAttachmentsMax);

/// Both ends are copies of one process: the bytes are read by who wrote them.
template <class Message>
std::string_view as_bytes(const Message& message) {
  return {reinterpret_cast<const char*>(&message), sizeof(message)};
}

[[noreturn]] void run_child(const Host& host, const ZygoteOrder& order) {
  const auto bytes = read_descriptor(order.request, core::limits::document_bytes_max);
  if (!bytes) ::_exit(1);
  const auto request = decode_request(*bytes);
  if (!request) ::_exit(1);
  SandboxRequest sandbox{*request, host, order.user, order.folder};
  sandbox.gang_user = order.gang_user;
  sandbox.gang_net = order.gang_net;
  sandbox.output = order.output;
  sandbox.errors = order.errors;
  run_sandbox_child(sandbox, order.reports, order.pids);
}

/// A pid, or a negative errno.
std::int64_t handle(const Host& host, Packet& packet) {
  ZygoteOrder order;
  if (packet.bytes.size() != sizeof(order)) return -EINVAL;
  std::memcpy(static_cast<void*>(&order), packet.bytes.data(), sizeof(order));
  std::size_t next = 0;
  for (const auto part : kParts) {
    if (order.*part < 0) continue;
    if (next >= packet.attachments.size()) return -EINVAL;
    order.*part = packet.attachments[next++].get();
  }
  const pid_t child = clone_process(CLONE_PARENT, order.group, nullptr);
  if (child == 0) run_child(host, order);
  return child < 0 ? -errno : child;
}

[[noreturn]] void serve(const Host& host, const TaskGroup& group, int socket) {
  ::prctl(PR_SET_NAME, "intertie-zygote", 0, 0, 0);
  ::prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0);
  for (int number = 1; number < NSIG; ++number) ::signal(number, SIG_DFL);
  std::int64_t answer = 0;
  for (const Descriptor& join : group.joins()) {
    if (::write(join.get(), "0", 1) != 1) answer = -errno;
  }
  close_all_but({STDIN_FILENO, STDOUT_FILENO, STDERR_FILENO, socket});
  while (send_packet(socket, as_bytes(answer), {}) == PacketState::done) {
    Packet packet;
    if (wait_for_packet(socket, packet) != PacketState::done) break;
    answer = handle(host, packet);
    // Closed before the answer: the meter learns of ends by pipes that nobody holds any more.
    packet.attachments.clear();
  }
  ::_exit(0);
}

Result<pid_t> take_answer(int socket) {
  Packet packet;
  std::int64_t answer = -EPIPE;
  if (wait_for_packet(socket, packet) == PacketState::done &&
      packet.bytes.size() == sizeof(answer)) {
    std::memcpy(&answer, packet.bytes.data(), sizeof(answer));
  }
  if (answer < 0) return make_io_error("starting a process", static_cast<int>(-answer));
  return static_cast<pid_t>(answer);
}

}  // namespace

Zygote::Zygote(Zygote&& other) noexcept
    : process_(std::exchange(other.process_, -1)), socket_(std::move(other.socket_)) {}

Zygote& Zygote::operator=(Zygote&& other) noexcept {
  if (this == &other) return *this;
  stop();
  process_ = std::exchange(other.process_, -1);
  socket_ = std::move(other.socket_);
  return *this;
}

Result<Zygote> Zygote::start(const Host& host, const TaskGroup& group) {
  auto pair = make_packet_pair();
  if (!pair) return pair.error();
  const pid_t process = clone_process(0, group.joins().empty() ? -1 : group.unified(), nullptr);
  if (process == 0) serve(host, group, pair->second.get());
  if (process < 0) return make_io_error("clone3", errno);
  Zygote zygote;
  zygote.process_ = process;
  zygote.socket_ = std::move(pair->first);
  pair->second.reset();
  if (auto ready = take_answer(zygote.socket_.get()); !ready) return ready.error();
  return zygote;
}

bool Zygote::is_alive() {
  if (process_ < 0) return false;
  if (::waitpid(process_, nullptr, WNOHANG) == 0) return true;
  process_ = -1;  // It may have been reaped with the task's processes.
  return false;
}

Result<pid_t> Zygote::start_child(const ZygoteOrder& order) {
  std::vector<int> attachments;
  for (const auto part : kParts) {
    if (order.*part >= 0) attachments.push_back(order.*part);
  }
  if (send_packet(socket_.get(), as_bytes(order), attachments) != PacketState::done) {
    return make_io_error("starting a process", EPIPE);
  }
  return take_answer(socket_.get());
}

void Zygote::stop() {
  socket_.reset();
  if (!is_alive()) return;
  ::kill(process_, SIGKILL);
  ::waitpid(process_, nullptr, 0);
  process_ = -1;
}

}  // namespace intertie::execution_runners
