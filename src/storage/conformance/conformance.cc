#include "intertie/storage/conformance.h"

#include "case_list.h"

namespace intertie::storage {

const std::vector<ConformanceCase>& get_conformance_cases() {
  using namespace conformance;
  static const std::vector<ConformanceCase> cases = {
      {"NewStoreIsEmptyAndHasOneWriter", run_new_store},
      {"RecordsComeBackAsWritten", run_records_come_back},
      {"RangesStartAndEndWhereAsked", run_ranges},
      {"FailedAppendsAreAllOrNothing", run_failed_appends},
      {"LimitsAreKept", run_limits},
      {"BodiesCanBeErased", run_bodies},
      {"FlippedBytesAreFound", run_damage},
      {"ReadersWorkBesideTheWriter", run_reader_beside_writer},
      {"NewerFormatIsRefused", run_newer_format},
      {"IndexIsOrderedByUnsignedBytes", run_index_order},
      {"IndexWritesApplyInOrder", run_index_writes},
      {"IndexCanBeRebuilt", run_index_rebuild},
      {"TwoSnapshotsAreKept", run_snapshots},
      {"ForeignSnapshotsAreSkipped", run_foreign_snapshots},
      {"RandomStepsMatchTheModel", run_random_steps},
  };
  return cases;
}

}  // namespace intertie::storage
