// The words inside boxes of secrets.
#include "intertie/hub/job_secret.h"

#include "intertie/crypto/bytes.h"
#include "intertie/crypto/digest.h"

namespace intertie::hub {
namespace {

constexpr std::size_t kKeyIdBytes = 8;

}  // namespace

std::vector<std::string> make_job_secret_context(const std::string& owner,
                                                 const std::string& name) {
  return {"intertie job secret", owner, name};
}

std::vector<std::string> make_attempt_secret_context(std::uint64_t job, std::uint32_t attempt,
                                                     const std::string& name) {
  return {"intertie attempt secret", std::to_string(job), std::to_string(attempt), name};
}

std::string make_seal_key_id(const crypto::SealPublicKey& key) {
  const crypto::Digest digest = crypto::compute_sha256(crypto::to_text(key));
  return crypto::encode_hex(crypto::ByteView(digest.bytes).first(kKeyIdBytes));
}

}  // namespace intertie::hub
