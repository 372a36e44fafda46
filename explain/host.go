package explain

// Codes of warnings about the host that the daemon runs on.
const (
	HostNoGuard      Code = "HOST-NO-GUARD"
	HostStrictFilter Code = "HOST-STRICT-FILTER"
	HostRouting      Code = "HOST-ROUTING"
	HostLeaseStore   Code = "HOST-LEASE-STORE"
	HostKeyLog       Code = "HOST-KEY-LOG"
	HostKeyExport    Code = "HOST-KEY-EXPORT"
	HostPort         Code = "HOST-PORT"
	HostKernelESP    Code = "HOST-KERNEL-ESP"
	HostUnfit        Code = "HOST-UNFIT"
	HostSelftest     Code = "HOST-SELFTEST"
	HostDevice       Code = "HOST-DEVICE"
	HostRemoved      Code = "HOST-REMOVED"
)

// hostEntries documents the warnings about the host.
func hostEntries() []Entry {
	return []Entry{
		{HostNoGuard, "Clear text that should be protected is not refused on its way in.",
			"The kernel has no nftables, or does not let the daemon use it. What leaves is protected all the same.",
			"Load the module nf_tables, give the daemon CAP_NET_ADMIN, or refuse the traffic in a packet filter of your own."},
		{HostStrictFilter, "The reverse path filter of the kernel drops packets of a peer.",
			"net.ipv4.conf.all.rp_filter or that of an interface is 1, and a policy protects the peer's own address.",
			"Set net.ipv4.conf.all.rp_filter and that of the interface to 2."},
		{HostRouting, "A rule, route or address could not be taken away.",
			"Another program has changed what the daemon had made, or the interface is gone.",
			"Look at `ip rule`, `ip route show table all` and `ip addr`; restart the daemon to have leftovers removed."},
		{HostLeaseStore, "Address leases are kept in memory only.",
			"The directory that daemon.state_dir names cannot be written: its disk is full, it is read-only, or another daemon uses it.",
			"Make room or correct the permissions. Until then clients may get other addresses after a restart."},
		{HostKeyLog, "Session keys are written to a folder.",
			"daemon.key_log is set. Whoever reads the folder reads the traffic.",
			"Remove daemon.key_log and the folder as soon as the capture is decrypted."},
		{HostKeyExport, "Session keys, or packets as they are inside of tunnels, are handed out.",
			"An administrator has asked for them, with `culvert keys export` or `culvert capture`. Whoever has them reads the traffic.",
			"See to it that it was meant, and that tables and captures are removed when they have served; the event names who has asked."},
		{HostKernelESP, "The data plane of the kernel cannot carry what the connections ask for.",
			"The kernel was built without ESP, its module is missing or kept from being loaded, it does not know an algorithm or an option, or the daemon lacks CAP_NET_ADMIN.",
			"Load the modules esp4 and esp6, propose what the kernel knows, or set daemon.dataplane.backend to \"user\" or \"auto\"."},
		{HostUnfit, "The examination of the host has found faults.",
			"Something that the findings name keeps tunnels from working, or will.",
			"Do what the findings say, the faults first, and run `culvert doctor` again."},
		{HostSelftest, "The program does not compute what it should on this host.",
			"The file of the program or the memory is damaged, the processor or its emulation is faulty, or the build is.",
			"Do not use it here. Compare the file's checksum with that of the release, test the memory, and try the build tag purego; then report it with the output of `culvert selftest --json`."},
		{HostDevice, "The network device of the data plane is gone.",
			"Somebody has removed the TUN device, with `ip link del` or by a network manager that tidies up.",
			"Nothing, if the service manager starts the daemon again, as its unit does; the tunnels come back with it. See that nothing else manages the device."},
		{HostRemoved, "Another program removes what the data plane has made in the host.",
			"systemd-networkd removes rules and routes that it does not know when it starts; a packet filter that is loaded anew, a network manager or a script does the same. What was removed, replaced or set down is put back at once; SAs of the kernel are negotiated anew.",
			"Once is no harm. If it keeps happening, find the program with `ip monitor rule route` or `ip xfrm monitor`, and have it leave protocol number 50 alone: for systemd-networkd, ManageForeignRoutes=no and ManageForeignRoutingPolicyRules=no in networkd.conf; for nftables, `flush table` of its own tables in the place of `flush ruleset`."},
		{HostPort, "The daemon cannot listen on the ports of IKE.",
			"Another IKE daemon holds UDP port 500 or 4500, the host has not the address that daemon.listen names, or the daemon lacks the rights, or may not open more files.",
			"See who holds the port with `ss -ulpn` and stop it, correct daemon.listen, or start the daemon as root or with the capabilities of its unit."},
	}
}
