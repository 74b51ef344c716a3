// Events as the log keeps them: CBOR heads, the alternative's position as the record's kind.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>
#include <utility>
#include <variant>

#include "intertie/codec/cbor.h"
#include "intertie/core/result.h"
#include "intertie/engine/state_machine.h"

namespace intertie::engine {

/// `Event` is a core::WideVariant of described structs that only grows at its end. O(size of the
/// event).
template <class Event>
EncodedEvent encode_event(const Event& event, std::uint16_t version) {
  return {static_cast<std::uint16_t>(event.index()), version,
          std::visit([](const auto& one) { return codec::to_cbor(one); }, event)};
}

namespace detail {

template <class Event, std::size_t... Index>
core::Result<Event> decode_kind(std::size_t kind, std::string_view head,
                                std::index_sequence<Index...>) {
  core::Result<Event> result = core::Error{core::Reason::version_too_new, "unknown kind of event"};
  const auto try_one = [&]<std::size_t I>() {
    if (kind != I) return;
    auto event = codec::from_cbor<std::variant_alternative_t<I, typename Event::Kinds>>(
        head, codec::Source::own);
    if (event) {
      result = Event(std::move(*event));
    } else {
      result = core::Error{core::Reason::store_damaged, event.error().detail};
    }
  };
  (try_one.template operator()<Index>(), ...);
  return result;
}

}  // namespace detail

/// The inverse. version_too_new: a kind that this program does not know; store_damaged: the head
/// does not decode.
template <class Event>
core::Result<Event> decode_event(std::size_t kind, std::string_view head) {
  return detail::decode_kind<Event>(
      kind, head, std::make_index_sequence<std::variant_size_v<typename Event::Kinds>>());
}

}  // namespace intertie::engine
