package service

// taskNames calls exchanges as strongSwan does. It has none that probe the path: they are left out.
func taskNames(tasks []string) []string {
	var names []string
	for _, t := range tasks {
		if t != "probe" {
			names = append(names, taskName(t))
		}
	}
	return names
}

func taskName(task string) string {
	switch task {
	case "init", "intermediate":
		return "IKE_INIT"
	case "auth":
		return "IKE_AUTH"
	case "create-child":
		return "CHILD_CREATE"
	case "rekey-child":
		return "CHILD_REKEY"
	case "delete-child":
		return "CHILD_DELETE"
	case "rekey-ike", "followup":
		return "IKE_REKEY"
	case "delete-ike":
		return "IKE_DELETE"
	}
	return "IKE_DPD"
}
