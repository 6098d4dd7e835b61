//! Where credentials come from: the kind of source, never a value.

use aws_credential_types::credential_feature::AwsCredentialFeature as Source;
use aws_credential_types::provider::ProvideCredentials as _;

use super::{Finding, Verdict};
use crate::S3;
use crate::error::of_credentials;

impl S3 {
    pub(super) async fn probe_credentials(&self) -> Finding {
        const WHAT: &str = "credentials";
        let Some(provider) = self.account().credentials() else {
            return Finding::new(WHAT, Verdict::Good, "none: requests are not signed");
        };
        match provider.provide_credentials().await {
            Ok(credentials) => {
                let kind = credentials
                    .get_property::<Vec<Source>>()
                    .and_then(|sources| sources.last())
                    .map_or("given", kind);
                let life = if credentials.session_token().is_some() { "temporary" } else { "lasting" };
                Finding::good(WHAT, format!("{kind}, {life}"))
            }
            Err(error) => Finding::bad(WHAT, &of_credentials(&error)),
        }
    }
}

fn kind(source: &Source) -> &'static str {
    match source {
        Source::CredentialsEnvVars => "from the environment",
        Source::CredentialsProfile
        | Source::CredentialsProfileSourceProfile
        | Source::CredentialsProfileNamedProvider => "from a profile",
        Source::CredentialsProfileSso | Source::CredentialsSso => "from SSO",
        Source::CredentialsProfileProcess | Source::CredentialsProcess => "from a process",
        Source::CredentialsEnvVarsStsWebIdToken
        | Source::CredentialsProfileStsWebIdToken
        | Source::CredentialsStsAssumeRoleWebId => "from a web identity",
        Source::CredentialsStsAssumeRole | Source::CredentialsStsAssumeRoleSaml => "from an assumed role",
        Source::CredentialsHttp => "from the container's role",
        Source::CredentialsImds => "from the machine's role",
        _ => "given",
    }
}
