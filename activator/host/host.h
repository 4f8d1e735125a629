// The host, as all parts of an activation see it: the places of its state, and the interfaces that
// change it. Owns only its values; the caller holds the host's lock while anything is changed.
#ifndef SLIPWAY_ACTIVATOR_HOST_HOST_H_
#define SLIPWAY_ACTIVATOR_HOST_HOST_H_

#include <functional>
#include <optional>
#include <string>

#include "activator/os/accounts.h"
#include "activator/os/dm_verity.h"
#include "activator/os/listeners.h"
#include "activator/os/network_check.h"
#include "activator/os/systemd.h"
#include "base/clock.h"
#include "base/io.h"
#include "images/version/host_layout.h"
#include "images/version/image_directory.h"

namespace activator {

struct Host {
  images::HostLayout layout;
  Systemd& systemd;
  base::Clock& clock;
  base::Io io;
  std::string unit_directory = "/etc/systemd/system";
  // Throws where this host cannot run the image (check_image.h).
  std::function<void(const images::ImageDirectory&)> check_image;
  // One try of a check over the network (checks.h).
  std::function<ProbeResult(const images::Health&, std::chrono::milliseconds limit)> ask = nullptr;
  std::string task_directory = "/run/systemd/system";  // links to what is run beside services
  // Called after each step of a switch with its number, 1 to 8; tests end the process in it.
  std::function<void(int step_done)> observer = nullptr;
  // What an operator configures. Where it is another one than unit_directory (unit_directory.h),
  // that one is empty after each boot, and a unit here hides one of the same name there.
  std::string configured_directory = "/etc/systemd/system";
  Accounts* accounts = nullptr;  // not owned; needed where a service has a named user
  // A file inside an image; empty where there is none.
  std::function<std::string(const images::ImageDirectory&, const std::string& path)>
      read_image_file = nullptr;
  // Makes the host's files that services see, and keeps them up to date (host_files.h). By default
  // nothing is made.
  std::function<void(const Host&)> follow_host_files = [](const Host&) {};
  // Who listens at these TCP ports; nullptr: nobody is asked.
  std::function<std::vector<Listener>(const std::set<uint64_t>& ports)> listeners = nullptr;

  // Whether what was read of the images of that verity root was right (dm_verity.h); nullptr:
  // nobody is asked.
  std::function<std::optional<VerityState>(const base::Sha256& root)> verity_state = nullptr;

  // A folder as host (imgpush dir:PATH): `current` and the records are all there is, and nothing of
  // systemd is asked.
  bool is_folder = false;

  std::string os_root{};  // before /var/lib and the like: tests have them elsewhere

  bool UnitsSurviveReboot() const { return unit_directory == configured_directory; }
};

// Changes with every boot of the machine.
std::string BootId();

}  // namespace activator

#endif  // SLIPWAY_ACTIVATOR_HOST_HOST_H_
