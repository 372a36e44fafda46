// Package hook runs what others want to happen when tunnels come and go: commands on this host, and requests to web servers.
//
// Neither holds up whoever tells of an event: what is to be run waits in queues that are bounded, each run has a time limit, and
// what goes wrong is told to a function of the caller's. The environment of commands is that of strongSwan's updown scripts, so that scripts
// made for those go on working.
package hook
