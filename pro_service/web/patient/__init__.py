"""What a patient's phone shows: the link from a message, my questionnaires, one questionnaire, thank you."""
