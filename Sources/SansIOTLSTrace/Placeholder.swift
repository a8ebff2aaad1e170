// The module is made of Ladder and Capture.
