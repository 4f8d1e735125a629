#include "builder/trial/listening.h"

#include "activator/os/listeners.h"
#include "base/file.h"

namespace builder {

ListeningPorts ReadListening(const std::string& process) {
  ListeningPorts out;
  for (const char* table : {"tcp", "tcp6"}) {
    const auto text = base::ReadFileIfThere("/proc/" + process + "/net/" + table);
    for (const activator::ListeningSocket& socket : activator::ParseNetTcp(text.value_or(""))) {
      out.emplace(socket.listener.port, socket.listener.address);
    }
  }
  return out;
}

}  // namespace builder
