package dataplane

import "errors"

// Errors of a Backend, which it wraps with what it was asked to do.
var (
	// ErrNotAllocated means that an inbound SPI does not come from AllocateSPI, or has an SA already.
	ErrNotAllocated = errors.New("SPI is not allocated")
	// ErrNoPolicy means that the policy of an outbound SA is not there.
	ErrNoPolicy = errors.New("no such policy")
	// ErrBusy means that a policy still has outbound SAs.
	ErrBusy = errors.New("policy has SAs")
	// ErrNoSA means that there is no such SA.
	ErrNoSA = errors.New("no such SA")
	// ErrKernelOnly means that an SA or policy has attributes that the kernel's data plane alone honours.
	ErrKernelOnly = errors.New("marks, if_id, interface, hw_offload and security_label need the data plane of the kernel")
)
