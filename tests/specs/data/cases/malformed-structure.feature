Scenario: No feature above it
  Given a claim to Example Health for J3420 on 2024-06-03
