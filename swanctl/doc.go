// Package swanctl has Culvert configured in the terms of strongSwan: by a tree as /etc/swanctl and by the messages of VICI.
//
// Both come down to a Setup: connections, pools and authorities as sections, and what was loaded beside them: certificates,
// keys, secrets. Translate turns it into configuration of Culvert, as text and files in memory, which package config reads like
// any other. One table has every key that there is, with what becomes of it; a key that is not implemented is refused by its
// name, with the reason.
package swanctl
