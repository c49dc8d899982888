// What must be true of a world: always, when an upload is about to be aborted, and at rest. Each
// answers what is wrong, or nothing. As the model does, and of a stream's
// side files besides.
#pragma once

#include <string>

#include "explorer/search.h"
#include "explorer/simulation.h"

namespace sluice::explorer {

inline const std::string record_key = "state/job/u.json";
inline const std::string catalogue_key = "state/job/u.catalogue";

// Bounded units.
std::string readers(const World& world);
std::string exactly(const World& world, const Results& results);
std::string wanted(const World& world, const Request& abort);
// Whoever ends well can rely on it: the unit is committed, in an epoch after `epoch`.
std::string done_means_done(const World& world, const Results& results, uint64_t epoch);
std::string each_page_once(const World& world, const Results& results);  // An API unit's

// Streams of messages 0..count-1.
std::string stream_always(const World& world);
std::string stream_final(const World& world, uint64_t count);

// A world as the model counts it.
std::string model_text(World world);

}  // namespace sluice::explorer
