// Package service answers the commands of VICI for a daemon, and tells its events. Keys come in the order and with the values of
// strongSwan's charon, which programs and regular expressions rely on.
package service
