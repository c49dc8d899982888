// What a source of objects learns its objects from: a listing of the store (lister.h), or an
// inventory that somebody made of it (inventory.h).
//
// Belongs to the loop's thread.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/budget.h"
#include "base/inbox.h"
#include "base/result.h"
#include "flow/path_pattern.h"
#include "flow/stage.h"
#include "store/store.h"

namespace sluice {

class Listing {
 public:
  // All references outlive the listing; the tickets are its owner's.
  struct Parts {
    Store& store;  // Where the objects are
    InFlight& in_flight;
    Budget& common;
    Inbox& inbox;
    TicketSeries& tickets;
  };
  struct Found {
    Listed object;
    std::vector<std::string> captures;
  };

  virtual ~Listing() = default;
  virtual void start_what_fits() = 0;
  // False: the ticket is not one of its own.
  virtual bool on(Event& event) = 0;
  // The next object in key order, or nothing yet (or no more: see ended()).
  virtual std::optional<Found> take() = 0;
  // How many there are, once that is known.
  virtual std::optional<uint64_t> found() const = 0;
  virtual bool ended() const = 0;      // And all are taken
  virtual uint64_t lists() const = 0;  // Requests so far
  virtual const std::optional<Error>& error() const = 0;
  // Starts no more and forgets what was found; open() counts what is still to be answered.
  virtual void stop() = 0;
  virtual size_t open() const = 0;
};

using MakeListing = std::function<std::unique_ptr<Listing>(BoundPattern, Listing::Parts)>;

// What was found, as the `number`th document.
Document make_document(uint64_t number, Listing::Found found, const std::string& store_name);

}  // namespace sluice
