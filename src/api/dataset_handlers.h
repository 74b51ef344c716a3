// The handlers of datasets, for users here (call->caller) and for those of other regions alike.
#pragma once

#include "intertie/api/dataset_views.h"
#include "intertie/transfer/dataset.h"

#include "call.h"

namespace intertie::api {

/// As call->caller_region names users.
DatasetView make_dataset_view(const Call& call, const transfer::DatasetInfo& info);

void begin_dataset(const CallPointer& call);
void put_chunk(const CallPointer& call);
void get_dataset(const CallPointer& call);
void find_dataset_by_name(const CallPointer& call);
void get_dataset_manifest(const CallPointer& call);
void get_dataset_content(const CallPointer& call);
void list_datasets(const CallPointer& call);
void pin_dataset(const CallPointer& call);
void unpin_dataset(const CallPointer& call);
void remove_dataset(const CallPointer& call);

}  // namespace intertie::api
