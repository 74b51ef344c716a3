// What a Slurm cluster has: partitions and nodes as sinfo prints them, and the pools they make.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <boost/describe.hpp>

#include "intertie/core/result.h"
#include "intertie/topology/pool.h"

namespace intertie::execution_slurm {

/// The format for `sinfo -h -N -o FORMAT`. Field meanings: sinfo(1). Text, because JSON output is
/// not there in all versions and has changed between them.
inline constexpr std::string_view kNodeFormat = "%N|%P|%a|%l|%T|%c|%m|%G";

/// One kind of generic resource, as "gpu:a100:4(S:0-1)" says it.
struct Gres {
  std::string kind;
  std::string type;  // May be empty.
  std::int64_t count = 0;

  friend bool operator==(const Gres&, const Gres&) = default;
};
BOOST_DESCRIBE_STRUCT(Gres, (), (kind, type, count))

/// One node in one partition.
struct NodeRow {
  std::string node;
  std::string partition;
  bool is_partition_up = true;
  std::optional<std::int64_t> minutes_max;  // Of a job there; empty: no limit.
  bool is_up = false;
  std::int64_t cpus = 0;
  std::int64_t memory_mib = 0;
  std::vector<Gres> gres;

  friend bool operator==(const NodeRow&, const NodeRow&) = default;
};

/// "(null)" is none. bad_syntax names the text. Linear.
core::Result<std::vector<Gres>> parse_gres(std::string_view text);

/// "infinite", "MM", "MM:SS", "HH:MM:SS", "D-HH", "D-HH:MM", "D-HH:MM:SS"; seconds are rounded up
/// to a minute. Empty inside: no limit. bad_syntax.
core::Result<std::optional<std::int64_t>> parse_minutes(std::string_view text);

/// Whether a node in that state ("mixed", "idle*", "down$", ...) takes jobs or runs them. A star
/// says that it does not answer. States that are not known do not.
bool is_node_up(std::string_view state);

/// All lines of the output. One that cannot be read makes the whole unusable: bad_syntax with its
/// number and text, for half an answer is no inventory. A node may stand in several partitions.
core::Result<std::vector<NodeRow>> parse_nodes(std::string_view output);

/// Equal nodes of one partition, which Slurm may choose among.
struct SlurmPool {
  std::string partition;
  std::optional<std::int64_t> minutes_max;
  std::vector<Gres> gres;  // In the order of the pool's device groups.
  topology::Pool pool;     // Name, nodes, size and devices; authority engine.
};
BOOST_DESCRIBE_STRUCT(SlurmPool, (), (partition, minutes_max, gres, pool))

/// Which partitions to publish (empty: all that are up), and what each pool has besides.
struct PoolWish {
  std::vector<std::string> partitions;
  topology::Pool model;  // Region, price, isolation, network and the like.
};

/// One pool for each shape of nodes in each partition, in the order of their first rows, nodes by
/// name. The pool's name is the partition's, with "-2" and so on for further shapes; characters
/// that a name may not have become "-". A node in two partitions is published in the first of
/// them alone, or it would be sold twice. not_found: a wished partition is not there; bad_field: no
/// pool is left.
core::Result<std::vector<SlurmPool>> make_pools(const std::vector<NodeRow>& rows,
                                                const PoolWish& wish);

}  // namespace intertie::execution_slurm
