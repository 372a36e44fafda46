// Package xfrm is the data plane of the Linux kernel: SAs and policies are given to it as states and policies of its XFRM
// framework, and it carries the packets. What IKE has to know comes back as events.
//
// One policy of ours becomes several of the kernel's: one for each pair of prefixes and ports that its selectors come apart
// into, in each of three directions: out, in, and forward for what goes through this host. Of policies with the same selectors
// the kernel holds one; the others wait in a database of ours (database.go) until they are on top. While a policy has no
// outbound SA its outbound traffic is blocked, or with a trap asks for one.
//
// What is ours can be told from what others put into the same network namespace, so that a new process removes what its
// predecessor left, and nothing else (owner.go).
package xfrm
