package explain

import "slices"

// The codes of EAP.
const (
	EAPMalformed     Code = "EAP-MALFORMED"
	EAPProtocol      Code = "EAP-PROTOCOL"
	EAPNoMethod      Code = "EAP-NO-METHOD"
	EAPMethod        Code = "EAP-METHOD"
	EAPRejected      Code = "EAP-REJECTED"
	EAPEarlySuccess  Code = "EAP-EARLY-SUCCESS"
	EAPTooLong       Code = "EAP-TOO-LONG"
	EAPIdentity      Code = "EAP-IDENTITY"
	EAPUserUnknown   Code = "EAP-USER-UNKNOWN"
	EAPCredential    Code = "EAP-CREDENTIAL"
	EAPPassword      Code = "EAP-PASSWORD"
	EAPExpired       Code = "EAP-PASSWORD-EXPIRED"
	EAPServerUnknown Code = "EAP-SERVER-UNPROVEN"
	EAPSIM           Code = "EAP-SIM-REFUSED"
	EAPSIMWrong      Code = "EAP-SIM-WRONG"
	EAPSIMStore      Code = "EAP-SIM-STORE"
)

// eapEntries documents the codes of EAP.
func eapEntries() []Entry {
	return slices.Concat(eapMachineEntries(), eapMethodEntries(), eapTLSEntries())
}

// eapMachineEntries is what goes wrong around the methods.
func eapMachineEntries() []Entry {
	return []Entry{
		{EAPMalformed, "An EAP packet cannot be read.",
			"Its lengths contradict each other, or a method's data is not what the method's document says.",
			"Look at the software of the other side; if it is right, report the packet of a trace."},
		{EAPProtocol, "The other side broke the rules of EAP.",
			"A packet came that cannot come at that point, as a method nobody chose or a second one after the first.",
			"Look at the software of the other side and its log."},
		{EAPNoMethod, "There is no EAP method that both sides accept.",
			"The server tried its methods and the client refused each, naming what it accepts; the message has both lists.",
			"Allow one more method on either side, and see that its credentials are there: a method without credentials is not offered."},
		{EAPMethod, "An EAP method ended without a verdict on the credentials.",
			"Something that the method needs did not work, or the other side gave up in the middle; the message has its words.",
			"Look at the log of the other side at the same time."},
		{EAPRejected, "The server rejects the EAP authentication.",
			"It sent EAP-Failure, which carries no reason. Wrong credentials, an unknown or expired user and limits all look alike from here.",
			"Look at the log of the server, or of the RADIUS server behind it."},
		{EAPEarlySuccess, "The server claims success before the method is done.",
			"Who accepts that lets a server in that has proven nothing. It is an attack or a broken server.",
			"Do not use this server. If it is yours, look whether its EAP methods are configured at all."},
		{EAPTooLong, "An EAP conversation does not come to an end.",
			"The number of rounds is bounded, so that nobody can keep us busy.",
			"Look at the log of the other side; a long chain of certificates in small fragments is the usual reason."},
		{EAPIdentity, "The EAP identity cannot be used.",
			"It is empty, too long, or not valid text, or none is configured.",
			"Set the EAP identity of the client."},
	}
}

// eapMethodEntries is what the methods say about credentials.
func eapMethodEntries() []Entry {
	return []Entry{
		{EAPUserUnknown, "Nobody has the user name that the client sent.",
			"The message has the name as it was looked up. A domain in front or behind may be missing or too much.",
			"Add the user, or correct the name on the client."},
		{EAPCredential, "A credential that the EAP method needs is not stored.",
			"MSCHAPv2 needs the NT hash of the password, EAP-MD5 the password in clear, AKA the keys of the SIM; a salted hash serves GTC and PAP only.",
			"Store what the message names, or allow a method that works with what is stored."},
		{EAPPassword, "The password is wrong.",
			"The proof that the client sent was made with another password than that of the account, or under another user name.",
			"Enter the password anew on the client; look whether the name in the message is the one that was meant."},
		{EAPExpired, "The password has expired.",
			"The account asks for a new one. It is not changed over EAP.",
			"Change the password where the accounts are kept."},
		{EAPServerUnknown, "The server could not prove that it knows the secret.",
			"In a method with mutual authentication the server's proof was missing or wrong: it does not know the password or key, or somebody is in between.",
			"Do not use this server until it is clear why. Compare the password on both sides if the server is yours."},
		{EAPSIM, "The SIM refused the network.",
			"The network's token is not made with the key of the SIM, is meant for another kind of network, or its sequence number is not fresh.",
			"Compare K, OPc and AMF of both sides; a sequence number that is behind is put right by the protocol itself."},
		{EAPSIMWrong, "The SIM's answer is wrong.",
			"The packet is not protected by the keys of the subscriber, or its RES differs: another SIM, or somebody has changed the packet.",
			"Compare K and OPc of the subscriber with those of the SIM."},
		{EAPSIMStore, "The sequence number of a SIM cannot be kept.",
			"The file sims.db in the directory that daemon.state_dir names cannot be read or written: the disk is full or read-only, the file is damaged, or another daemon uses it. A number that does not survive a restart could be used twice, so none is used.",
			"Make room, set another state_dir, or stop the other daemon. Remove a damaged file on the gateway only: its numbers follow those of the SIMs by themselves; a SIM without its number could be shown old challenges again."},
	}
}
