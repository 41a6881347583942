Feature: Medicare asks for JW and JZ where the drug is paid on its own
  The two modifiers are for drugs that Medicare pays separately and that come in single-dose
  containers. They are asked for in a physician's office, on a home visit, in a critical access
  hospital, and in a hospital outpatient department or a surgical center where the code is paid on
  its own there. They are not asked for where the drug is in another payment, or comes in a
  multi-dose container.

  Rule: The place decides whether the drug is paid on its own

    Background:
      Given the example clean-refill of Medicare for J0945

    Scenario Outline: JZ is missing where the drug is paid on its own
      Given the claim has place of service <place>
      And the drug lines carry no JZ
      When the claim is decided
      Then it is denied
      And wastage.in_scope is concluded to be yes
      And the reasons are
        | rule       | group | carc | rarc       | line |
        | jz-missing | CO    | 16   | N822 MA130 | 1    |

      Examples: Professional claims
        | case                           | place |
        | physician's office             | 11    |
        | independent clinic             | 49    |
        | off-campus outpatient hospital | 19    |
        | on-campus outpatient hospital  | 22    |
        | emergency room                 | 23    |
        | ambulatory surgical center     | 24    |

    Scenario Outline: JZ is present where the drug is paid on its own
      Given the claim has place of service <place>
      When the claim is decided
      Then it is approved
      And there is no reason from rule discard-modifier-needless
      And there is no reason from rule packaged-note

      Examples: Professional claims
        | case                          | place |
        | physician's office            | 11    |
        | on-campus outpatient hospital | 22    |
        | ambulatory surgical center    | 24    |

    Scenario Outline: JZ is missing on a hospital's claim, which says its place by the type of bill
      Given the claim has bill type <bill>
      And the claim has no place of service
      And the drug lines carry no JZ
      When the claim is decided
      Then it is denied
      And the reasons are
        | rule       | group | carc | rarc       | line |
        | jz-missing | CO    | 16   | N822 MA130 | 1    |

      Examples: Institutional claims
        | case                                        | bill |
        | outpatient hospital                         | 131  |
        | outpatient hospital, written with its zero  | 0131 |
        | outpatient hospital, a replacement claim    | 137  |
        | critical access hospital                    | 851  |
        | critical access hospital, written with zero | 0851 |

    Scenario: A critical access hospital that says so itself
      Given the claim has no place of service
      And the drug lines carry no JZ
      And it is known that the setting is critical access hospital
      When the claim is decided
      Then it is denied
      And the reason is CO 16 with N822 and MA130 from rule jz-missing

    Scenario Outline: Neither modifier is asked for where the drug is in another payment
      Given the claim says
        | field            | value   |
        | place of service | <place> |
        | bill type        | <bill>  |
      And the drug lines carry no JZ
      And it is known that the amount discarded is 10 mg
      When the claim is decided
      Then it is approved
      And wastage.in_scope is concluded to be no
      And rule jz-missing does not hold
      And rule waste-without-jw does not hold
      And there is no reason from rule discard-modifier-needless
      And there is no reason from rule packaged-note

      Examples:
        | case                                               | place | bill |
        | rural health clinic                                | 72    |      |
        | federally qualified health center                  | 50    |      |
        | dialysis facility                                  | 65    |      |
        | rural health clinic, by type of bill               |       | 711  |
        | federally qualified health center, by type of bill |       | 771  |
        | dialysis facility, by type of bill                 |       | 721  |

    Scenario Outline: An unnecessary modifier is noted, and does not change the decision
      Given the claim has place of service <place>
      And the drug lines carry <modifiers>
      When the claim is decided
      Then it is approved
      And it advises by rule discard-modifier-needless

      Examples:
        | case                              | place | modifiers |
        | rural health clinic               | 72    | JZ        |
        | federally qualified health center | 50    | JZ        |
        | dialysis facility                 | 65    | jz TB     |

    Scenario: Unnecessary modifiers on two lines are noted
      Given the claim has place of service 72
      And these claim lines
        | modifiers | units |
        |           | 3     |
        | JW        | 1     |
      When the claim is decided
      Then it is approved
      And it advises by rule discard-modifier-needless

    Scenario Outline: An inpatient stay includes the drug, and a missing JZ is not the reason
      Given the claim says
        | field            | value   |
        | place of service | <place> |
        | bill type        | <bill>  |
      And these claim lines
        | modifiers   | units |
        | <modifiers> | 4     |
      When the claim is decided
      Then it is denied
      And the reasons are
        | rule                   | group | carc | rarc | line |
        | inpatient-not-separate | CO    | 97   | M2   | 1    |

      Examples:
        | case                                | place | bill | modifiers |
        | inpatient hospital, no modifier     | 21    |      |           |
        | inpatient hospital, JZ              | 21    |      | JZ        |
        | inpatient type of bill, no modifier |       | 111  |           |
        | inpatient type of bill, JZ          |       | 0111 | JZ        |

    Scenario Outline: Everywhere else the drug is not part of an inpatient stay
      Given the claim says
        | field            | value   |
        | place of service | <place> |
        | bill type        | <bill>  |
      When the claim is decided
      Then it is approved
      And rule inpatient-not-separate does not hold

      Examples:
        | case                                                      | place | bill |
        | physician's office                                        | 11    |      |
        | outpatient hospital                                       | 22    |      |
        | rural health clinic                                       | 72    |      |
        | outpatient type of bill, whatever place the lines mention | 21    | 131  |

  Rule: At home it matters who gave the drug

    Background:
      Given the example clean-refill of Medicare for J0945
      And the claim has place of service 12
      And the drug lines carry no JZ

    Scenario: The claim says only that it was at home
      When the claim is decided
      Then it is pended
      And no rule denies it
      And it first asks for the setting
      And the information request is CO 252 with N706

    Scenario: A clinician refilled the pump on a home visit, without JZ
      Given it is known that the setting is home visit
      When the claim is decided
      Then it is denied
      And the reasons are
        | rule       | group | carc | rarc       | line |
        | jz-missing | CO    | 16   | N822 MA130 | 1    |

    Scenario: A supplier delivered the drug, and the patient gave it to himself
      Given it is known that the setting is home self administered
      When the claim is decided
      Then it is approved
      And rule jz-missing does not hold

    Scenario: With JZ it does not matter who gave the drug at home
      Given the drug lines carry JZ
      When the claim is decided
      Then it is approved
      And it asks nothing

  Rule: Without a place, a missing JZ cannot be judged

    Background:
      Given the example clean-refill of Medicare for J0945
      And the drug lines carry no JZ

    Scenario: The claim names no place, and the line no modifier
      Given the claim has no place of service
      When the claim is decided
      Then it is pended
      And rule jz-missing is not known
      And it asks for the setting

    Scenario: The claim names no place, but a place that no list has
      Given the claim has place of service 99
      When the claim is decided
      Then it is pended
      And it asks for the setting

    Scenario: The place on the line is the one that counts
      Given the claim has place of service 72
      And the drug lines have place of service 11
      When the claim is decided
      Then it is denied
      And the reason is CO 16 with N822 and MA130 from rule jz-missing

  Rule: In a hospital outpatient department an implant packages the drug of its claim
    That a comprehensive procedure does so is contested; Medicare's parameter says yes.

    Background:
      Given the example refill-with-procedure of Medicare for J0945
      And the claim has bill type 131
      And it is known that the phase of therapy is catheter revision

    Scenario Outline: The drug beside a comprehensive procedure in an outpatient hospital
      Given the claim says
        | field            | value   |
        | place of service | <place> |
        | bill type        | <bill>  |
      And these claim lines
        | code        | modifiers | units |
        | J0945       |           | 4     |
        | <procedure> |           | 1     |
      When the claim is decided
      Then it is approved
      And wastage.packaged is concluded to be yes
      And rule jz-missing does not hold
      And it advises by rule packaged-note

      Examples:
        | case                         | place | bill | procedure |
        | catheter, professional claim | 22    |      | 62350     |
        | catheter with laminectomy    | 22    |      | 62351     |
        | reservoir                    | 19    |      | 62360     |
        | pump without programming     | 22    |      | 62361     |
        | pump with programming        | 22    |      | 62362     |
        | catheter, hospital claim     |       | 131  | 62350     |

    Scenario Outline: Elsewhere, or with another procedure, the drug is paid on its own
      Given the claim says
        | field            | value   |
        | place of service | <place> |
        | bill type        | <bill>  |
      And these claim lines
        | code        | modifiers | units |
        | J0945       |           | 4     |
        | <procedure> |           | 1     |
      When the claim is decided
      Then it is denied
      And wastage.packaged is concluded to be no
      And the reasons are
        | rule       | group | carc | rarc       | line |
        | jz-missing | CO    | 16   | N822 MA130 | 1    |

      Examples:
        | case                                          | place | bill | procedure |
        | a catheter in a physician's office            | 11    |      | 62350     |
        | a catheter in a surgical center               | 24    |      | 62350     |
        | a catheter in a critical access hospital      |       | 851  | 62350     |
        | a refill in an outpatient hospital            | 22    |      | 62369     |
        | removal of the pump in an outpatient hospital | 22    |      | 62365     |

    Scenario: The implant is on the claim, but on another day
      Packaging goes by the claim.

      Given these claim lines
        | code  | modifiers | units | date       |
        | J0945 |           | 4     | 2025-03-03 |
        | 62350 |           | 1     | 2025-03-02 |
      And it is known that the phase of therapy is refill
      When the claim is decided
      Then it is approved
      And wastage.packaged is concluded to be yes

    Scenario: Modifiers on a packaged drug are noted as unnecessary
      Given the drug lines have no place of service
      And line 2 has no place of service
      And line 2 has code 62350
      When the claim is decided
      Then it is approved
      And it advises by rule discard-modifier-needless
      And it advises by rule packaged-note

  Rule: Multi-dose containers leave no discarded drug

    Scenario: The record calls the container multi-dose, and no modifier is asked for
      Given the example clean-refill of Medicare for J0945
      But the drug lines have units 3
      And the drug lines carry no JZ
      And it is known that whether the record calls a container multi-dose is yes
      And it is known that the amount discarded is 10 mg
      When the claim is decided
      Then it is approved
      And wastage.in_scope is concluded to be no
      And rule jw-on-multi-dose does not hold

    Scenario: The record calls the container single-dose
      Given the example clean-refill of Medicare for J0945
      But the drug lines have units 3
      And the drug lines carry no JZ
      And it is known that whether the record calls a container multi-dose is no
      When the claim is decided
      Then it is denied
      And the reason is CO 16 with N822 and MA130 from rule jz-missing

    Scenario: What is left in a multi-dose container is billed with JW
      Given the example refill-with-waste of Medicare for J0945
      And it is known that whether the record calls a container multi-dose is yes
      When the claim is decided
      Then line 1 is approved
      And line 2 is denied
      And the reasons are
        | rule             | group | carc | rarc | line |
        | jw-on-multi-dose | CO    | 4    | N519 | 2    |
      And it advises by rule discard-modifier-needless

    Scenario: Silence about the container means single-dose
      Every container for intrathecal use that was found is one.

      Given the example refill-with-waste of Medicare for J0945
      When the claim is decided
      Then it is approved
      And rule jw-on-multi-dose does not hold
      And it does not ask for whether the record calls a container multi-dose

    Scenario: A product on no list is reported as multi-dose
      The product is looked up by a person; its multi-dose container leaves no discarded drug.

      Given the example refill-with-waste of Medicare for J0945
      But the drug lines have ndc 99999-9999-99
      And it is known that whether an NDC is of a multi-dose container is yes
      When the claim is decided
      Then line 1 is pended
      And line 2 is denied
      And wastage.in_scope is concluded to be no
      And the reason is CO 4 with N519 from rule jw-on-multi-dose

    Scenario: JZ on drug from a multi-dose container is unnecessary
      Given the example clean-refill of Medicare for J0945
      But the drug lines have units 3
      And it is known that whether the record calls a container multi-dose is yes
      When the claim is decided
      Then it is approved
      And it advises by rule discard-modifier-needless

  Rule: Only a claim that asks for payment is judged

    Scenario: A void that names no claim is asked which one, whatever its lines carry
      Given the example refill-with-waste of Medicare for J0945
      And the claim has frequency 8
      And line 1 has units 4
      And line 2 carries JW JZ
      When the claim is decided
      Then it is pended
      And the reasons are
        | rule                  |
        | void-asks-for-nothing |

    Scenario: A replacement is judged on its own lines
      Given the example clean-refill of Medicare for J0945
      And the claim has frequency 7
      And the claim has original id EARLIER-1
      And the drug lines carry no JZ
      And these earlier claims
        | claim number | modifiers | units |
        | EARLIER-1    | JZ        | 4     |
      When the claim is decided
      Then it is denied
      And the reasons are
        | rule       | group | carc | rarc       | line |
        | jz-missing | CO    | 16   | N822 MA130 | 1    |

    Scenario: A replacement mends what the original lacked
      Given the example clean-refill of Medicare for J0945
      And the claim has frequency 7
      And the claim has original id EARLIER-1
      And these earlier claims
        | claim number | modifiers | units |
        | EARLIER-1    |           | 4     |
      When the claim is decided
      Then it is approved
