Feature: Medicare's wastage rules under the official codes J0475 and J0476
  The official list has two codes for baclofen: J0475 for a fill, in units of 10 mg, and J0476 for a
  screening dose, in units of 50 mcg. A hospital outpatient department is paid for J0475 on its own,
  while J0476 is in the payment of the injection: on one campus, JW and JZ are asked for one code and
  not for the other. A physician's office is paid for both.

  Rule: A fill is billed with J0475 in units of 10 mg

    Background: A refill in a physician's office (a synthetic claim)
      Given the example refill-with-procedure of Medicare for J0475
      And the claim has place of service 11
      And these claim lines
        | modifiers | units |
        |           | 4     |
      And it is known that the phase of therapy is refill

    Scenario Outline: J0475 without a whole discarded unit
      Given the drug lines carry JZ
      And the drug lines have units <units>
      And it is known that the dose administered is <dose>
      And it is known that the amount discarded is <waste>
      And it is known that the labeled total of the opened containers is <label>
      When the claim is decided
      Then it is approved
      And <units> units are allowed on line 1

      Examples:
        | case                      | dose  | waste | label | units |
        | one vial, all of it       | 40 mg | 0 mg  | 40 mg | 4     |
        | one vial, 4 mg left       | 36 mg | 4 mg  | 40 mg | 4     |
        | one vial, 9 mg left       | 31 mg | 9 mg  | 40 mg | 4     |
        | two vials, 8 mg left      | 72 mg | 8 mg  | 80 mg | 8     |
        | a small ampule, 1 mg left | 9 mg  | 1 mg  | 10 mg | 1     |

    Scenario Outline: J0475 with whole discarded units
      Given these claim lines
        | modifiers | units       |
        |           | <given>     |
        | JW        | <discarded> |
      And it is known that the dose administered is <dose>
      And it is known that the amount discarded is <waste>
      And it is known that the labeled total of the opened containers is <label>
      When the claim is decided
      Then it is approved
      And <discarded> units are allowed on line 2

      Examples:
        | case                  | dose  | waste | label | given | discarded |
        | one vial, a unit left | 30 mg | 10 mg | 40 mg | 3     | 1         |
        | one vial, 12 mg left  | 28 mg | 12 mg | 40 mg | 3     | 1         |
        | one vial, 20 mg left  | 20 mg | 20 mg | 40 mg | 2     | 2         |
        | one vial, 29 mg left  | 11 mg | 29 mg | 40 mg | 2     | 2         |
        | two vials, 10 mg left | 70 mg | 10 mg | 80 mg | 7     | 1         |

    Scenario: J0475 without JZ
      When the claim is decided
      Then it is denied
      And the reasons are
        | rule       | group | carc | rarc       | line |
        | jz-missing | CO    | 16   | N822 MA130 | 1    |

    Scenario Outline: J0475 without JZ in a facility that is paid for it on its own
      Given the claim says
        | field            | value   |
        | place of service | <place> |
        | bill type        | <bill>  |
      When the claim is decided
      Then it is denied
      And wastage.packaged is concluded to be no
      And the reasons are
        | rule       | group | carc | rarc       | line |
        | jz-missing | CO    | 16   | N822 MA130 | 1    |

      Examples:
        | case                                 | place | bill |
        | outpatient hospital                  | 22    |      |
        | outpatient hospital, by type of bill |       | 131  |
        | surgical center                      | 24    |      |
        | critical access hospital             |       | 851  |

  Rule: A screening dose is billed with J0476 in units of 50 mcg

    Background: A screening dose in a physician's office (a synthetic claim)
      Given the example screening-dose of Medicare for J0476

    Scenario Outline: J0476 without a whole discarded unit
      Given the drug lines have units <units>
      And it is known that the dose administered is <dose>
      And it is known that the amount discarded is <waste>
      And it is known that the labeled total of the opened containers is <label>
      When the claim is decided
      Then it is approved
      And <units> units are allowed on line 1
      And rule jz-but-waste does not hold
      And rule administered-above-dose does not hold
      And rule amounts-do-not-add-up does not hold

      Examples:
        | case                          | dose     | waste    | label   | units |
        | one ampule, all of it         | 50 mcg   | 0 mcg    | 50 mcg  | 1     |
        | one ampule, written in mg     | 0.05 mg  | 0 mg     | 0.05 mg | 1     |
        | one ampule, half of it left   | 25 mcg   | 25 mcg   | 50 mcg  | 1     |
        | two ampules, half of one left | 75 mcg   | 25 mcg   | 100 mcg | 2     |
        | two ampules, written in mg    | 0.075 mg | 0.025 mg | 0.1 mg  | 2     |
        | two ampules, nearly one left  | 51 mcg   | 49 mcg   | 100 mcg | 2     |
        | two ampules, all of them      | 100 mcg  | 0 mcg    | 100 mcg | 2     |

    Scenario Outline: J0476 without a whole discarded unit and without JZ
      Given the drug lines have units <units>
      And the drug lines carry no JZ
      And line 2 carries JZ
      And it is known that the dose administered is <dose>
      And it is known that the amount discarded is <waste>
      When the claim is decided
      Then it is denied
      And the reasons are
        | rule       | group | carc | rarc       | line |
        | jz-missing | CO    | 16   | N822 MA130 | 1    |

      Examples:
        | case                          | dose   | waste  | units |
        | one ampule, half of it left   | 25 mcg | 25 mcg | 1     |
        | two ampules, half of one left | 75 mcg | 25 mcg | 2     |

    Scenario: A part of an ampule is billed as discarded
      Given these claim lines
        | code  | modifiers | units |
        | J0476 |           | 2     |
        | J0476 | JW        | 1     |
        | 62322 |           | 1     |
      And it is known that the dose administered is 75 mcg
      And it is known that the amount discarded is 25 mcg
      When the claim is decided
      Then line 2 is denied
      And the reason is CO 4 with N823 from rule jw-below-one-unit

    Scenario: The second ampule was thrown away, and need not have been opened
      Given these claim lines
        | code  | modifiers | units | ndc           |
        | J0476 |           | 1     | 70121-2496-05 |
        | J0476 | JW        | 1     | 70121-2496-05 |
        | 62322 |           | 1     |               |
      And it is known that the dose administered is 50 mcg
      And it is known that the amount discarded is 50 mcg
      And it is known that the labeled total of the opened containers is 100 mcg
      And it is known that the number of containers opened is 2
      When the claim is decided
      Then it is pended
      And the reasons are
        | rule                 | group | carc | rarc | line |
        | container-not-needed |       |      |      | 1 2  |

    Scenario: The second ampule was needed for one microgram
      Given the drug lines have units 2
      And the drug lines have ndc 70121-2496-05
      And it is known that the dose administered is 51 mcg
      And it is known that the amount discarded is 49 mcg
      And it is known that the labeled total of the opened containers is 100 mcg
      And it is known that the number of containers opened is 2
      When the claim is decided
      Then it is approved
      And rule container-not-needed does not hold

    Scenario: The second ampule was thrown away, and nothing bills it
      Given it is known that the dose administered is 50 mcg
      And it is known that the amount discarded is 50 mcg
      When the claim is decided
      Then it is denied
      And the reasons are
        | rule         | group | carc | rarc | line |
        | jz-but-waste | CO    | 4    | N823 | 1    |

    Scenario Outline: J0476 is in another payment, and neither modifier is asked for
      Given the claim says
        | field            | value   |
        | place of service | <place> |
        | bill type        | <bill>  |
      And the drug lines carry no JZ
      When the claim is decided
      Then it is approved
      And wastage.packaged is concluded to be yes
      And wastage.in_scope is concluded to be no
      And it advises by rule packaged-note

      Examples:
        | case                                 | place | bill |
        | on-campus outpatient hospital        | 22    |      |
        | off-campus outpatient hospital       | 19    |      |
        | outpatient hospital, by type of bill |       | 131  |
        | surgical center                      | 24    |      |

    Scenario Outline: J0476 is in another payment, and a modifier on it is unnecessary
      Given the claim has place of service <place>
      When the claim is decided
      Then it is approved
      And it advises by rule discard-modifier-needless

      Examples:
        | case                | place |
        | outpatient hospital | 22    |
        | surgical center     | 24    |

    Scenario Outline: J0476 is paid on its own, and lacks JZ
      Given the claim says
        | field            | value   |
        | place of service | <place> |
        | bill type        | <bill>  |
      And the drug lines carry no JZ
      When the claim is decided
      Then it is denied
      And wastage.packaged is concluded to be no
      And the reasons are
        | rule       | group | carc | rarc       | line |
        | jz-missing | CO    | 16   | N822 MA130 | 1    |

      Examples:
        | case                     | place | bill |
        | physician's office       | 11    |      |
        | critical access hospital |       | 851  |

  Rule: The client's code J0945 has one unit for fills and screening doses

    Scenario Outline: A screening dose is a part of one unit of 10 mg
      Given the example screening-dose of Medicare for J0945
      And the claim has place of service 11
      And the drug lines have ndc 66794-151-01
      And the drug lines have no place of service
      And line 2 has no place of service
      And it is known that the dose administered is <dose>
      And it is known that the amount discarded is <waste>
      And it is known that the labeled total of the opened containers is <label>
      When the claim is decided
      Then it is approved
      And 1 unit is allowed on line 1
      And rule billed-above-containers does not hold

      Examples:
        | case                      | dose   | waste  | label   |
        | one syringe, all of it    | 50 mcg | 0 mcg  | 50 mcg  |
        | two syringes, a part left | 75 mcg | 25 mcg | 100 mcg |

    Scenario: The second syringe was thrown away, and is no whole unit of this code
      Given the example screening-dose of Medicare for J0945
      And the claim has place of service 11
      And these claim lines
        | code  | modifiers | units |
        | J0945 |           | 1     |
        | J0945 | JW        | 1     |
        | 62322 |           | 1     |
      And it is known that the dose administered is 50 mcg
      And it is known that the amount discarded is 50 mcg
      When the claim is decided
      Then line 2 is denied
      And the reason is CO 4 with N823 from rule jw-below-one-unit
