"""What judges text: functions of lists of lines, each with what real lines reach in their place."""
