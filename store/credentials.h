// The key pair that requests to S3 are signed with. It comes from a file that others cannot read,
// or from the environment; never from a command line.
#ifndef SLIPWAY_STORE_CREDENTIALS_H_
#define SLIPWAY_STORE_CREDENTIALS_H_

#include <optional>
#include <string>

namespace store {

struct Credentials {
  std::string key_id;
  std::string secret;
  std::string token;  // of temporary ones; or empty
};

// The profile `profile` ("default" where it is empty) of a file as the AWS tools have it. The lines
// before the first profile are the default's. Throws Error{kUsage} where the file lacks something,
// or where others than its owner can read it; never says what is in it.
Credentials ReadCredentials(const std::string& path, const std::string& profile = "");

// Of $AWS_ACCESS_KEY_ID, $AWS_SECRET_ACCESS_KEY and $AWS_SESSION_TOKEN; otherwise of the profile
// $AWS_PROFILE of $AWS_SHARED_CREDENTIALS_FILE or ~/.aws/credentials; nullopt: there are none.
std::optional<Credentials> CredentialsOfEnvironment();

}  // namespace store

#endif  // SLIPWAY_STORE_CREDENTIALS_H_
