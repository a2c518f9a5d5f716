"""The PRO service: patient-reported outcomes for clinical trials."""

__version__ = "0.1.0"
