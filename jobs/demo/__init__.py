"""The demo church: invented people whose cards really go through the hub to the simulator, faults included."""
