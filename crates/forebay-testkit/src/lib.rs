//! Test servers, slow clients, memory cgroups and the store contract.
