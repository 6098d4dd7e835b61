//! Ledgers, leases, buffers, the plan, units and the limits of the process.
