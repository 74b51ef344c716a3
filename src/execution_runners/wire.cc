// Packets are CBOR, result files JSON.
#include "wire.h"

#include "intertie/codec/cbor.h"
#include "intertie/codec/json.h"

namespace intertie::execution_runners {

using core::Result;

std::string encode(const Call& call) { return codec::to_cbor(call); }
std::string encode(const Tell& tell) { return codec::to_cbor(tell); }
std::string encode(const execution::RunRequest& request) { return codec::to_cbor(request); }

Result<Call> decode_call(std::string_view bytes) { return codec::from_cbor<Call>(bytes); }
Result<Tell> decode_tell(std::string_view bytes) { return codec::from_cbor<Tell>(bytes); }
Result<execution::RunRequest> decode_request(std::string_view bytes) {
  return codec::from_cbor<execution::RunRequest>(bytes);
}

std::string encode_result(const execution::TaskResult& result) {
  return codec::to_json_pretty(result) + "\n";
}

Result<execution::TaskResult> decode_result(std::string_view text) {
  return codec::from_json<execution::TaskResult>(text, codec::Boundary::tolerant);
}

}  // namespace intertie::execution_runners
