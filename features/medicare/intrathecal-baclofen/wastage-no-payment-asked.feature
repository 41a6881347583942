Feature: Medicare judges waste and units only where payment is asked for
  A void (frequency 8) takes a claim back; a preauthorization request comes before the service. Neither
  asks for money, so what is wrong with the lines of a void, or missing on those of a request, is
  no one's loss. A void is reversed by a person, and no rule about waste or units looks at it.

  Rule: A void is not looked at

    Background: A void of a refill in a physician's office (a synthetic claim)
      Given the example clean-refill of Medicare for J0945
      And the claim has frequency 8

    Scenario: A void whose amounts and units are all wrong
      Given these claim lines
        | modifiers | units | ndc          |
        | 59        | 9     | 66794-155-02 |
        | JW        | 3     | 66794-155-02 |
      And these facts
        | fact                                       | value    |
        | the dose administered                      | 20 mg    |
        | the amount discarded                       | 15 mg    |
        | the labeled total of the opened containers | 30 mg    |
        | the number of containers opened            | 3        |
        | what the discarded amount was              | overfill |
      And these earlier claims
        | claim number | modifiers | units |
        | EARLIER-2    | JZ        | 2     |
      When the claim is decided
      Then it is pended
      And the reasons are
        | rule                  |
        | void-asks-for-nothing |
      And rule administered-above-dose does not hold
      And rule jw-above-record does not hold
      And rule jw-for-something-else does not hold
      And rule billed-above-containers does not hold
      And rule amounts-do-not-add-up does not hold
      And rule container-not-needed does not hold
      And rule daily-limit does not hold
      And rule daily-limit-with-earlier-claims does not hold
      And there is no reason from rule distinct-service-modifier

    Scenario: A void with no discarded drug
      Given these claim lines
        | modifiers | units |
        |           | 3     |
        | JW        | 1     |
      And it is known that the dose administered is 36 mg
      And it is known that the amount discarded is 4 mg
      And it is known that whether the record calls a container multi-dose is yes
      When the claim is decided
      Then it is pended
      And the reasons are
        | rule                  |
        | void-asks-for-nothing |
      And rule jw-below-one-unit does not hold
      And rule jw-on-multi-dose does not hold
      And rule billed-below-record does not hold
      And there is no reason from rule discard-modifier-needless

    Scenario: A void of discarded drug alone
      Given the drug lines carry JW
      And the drug lines have units 1
      When the claim is decided
      Then it is pended
      And rule jw-without-administered does not hold

    Scenario: A void without JZ, and with a discarded unit on no line
      Given the drug lines have units 3
      And the drug lines carry no JZ
      And it is known that the amount discarded is 10 mg
      And it is known that the labeled total of the opened containers is 40 mg
      When the claim is decided
      Then it is pended
      And rule jz-missing does not hold
      And rule waste-without-jw does not hold
      And rule billed-below-containers does not hold

    Scenario: A void with JZ against the record
      Given the drug lines have units 3
      And it is known that the amount discarded is 10 mg
      When the claim is decided
      Then it is pended
      And rule jz-but-waste does not hold

    Scenario Outline: A void with JZ beside JW
      Given these claim lines
        | modifiers | units |
        | JZ        | 3     |
        | JW        | 1     |
      And it is known that the number of containers opened is <opened>
      When the claim is decided
      Then it is pended
      And rule <rule> does not hold

      Examples:
        | case           | opened | rule                            |
        | one container  | 1      | jz-beside-jw                    |
        | two containers | 2      | jz-beside-jw-several-containers |

    Scenario: A void with JW and JZ on one line
      Given these claim lines
        | modifiers | units |
        |           | 3     |
        | JW JZ     | 1     |
      When the claim is decided
      Then it is pended
      And rule jw-and-jz-on-one-line does not hold

    Scenario: A void with milligrams for units
      Given the drug lines have units 36
      And it is known that the dose administered is 36 mg
      When the claim is decided
      Then it is pended
      And rule weight-billed-as-units does not hold

    Scenario Outline: A void with units that the product does not hold
      Given these claim lines
        | modifiers | units   | ndc          | ndc quantity | ndc unit |
        | JZ        | <units> | 66794-157-02 | 20           | ML       |
      When the claim is decided
      Then it is pended
      And rule volume-billed-as-units does not hold
      And rule units-above-ndc-quantity does not hold

      Examples:
        | case              | units |
        | milliliters       | 20    |
        | one unit too many | 5     |

    Scenario: A void of a screening dose with too many units
      Given the drug lines have units 2
      And it is known that the phase of therapy is trial
      When the claim is decided
      Then it is pended
      And rule trial-units-above-expected does not hold

    Scenario: A void from an inpatient stay
      Given the claim has place of service 21
      When the claim is decided
      Then it is pended
      And rule inpatient-not-separate does not hold
      And there is no reason from rule discard-modifier-needless

    Scenario: A void of a packaged drug
      Given the claim has place of service 22
      And these claim lines
        | code  | modifiers | units |
        | J0945 | JZ        | 4     |
        | 62350 |           | 1     |
      When the claim is decided
      Then it is pended
      And there is no reason from rule packaged-note
      And there is no reason from rule discard-modifier-needless

  Rule: A void is not looked at, whatever its date

    Scenario: A void with JZ before there was such a modifier
      Given the example clean-refill of Medicare for J0945 on 2022-12-31
      And the claim has frequency 8
      And nothing is known about the phase of therapy
      When the claim is decided
      Then it is pended
      And the reasons are
        | rule                  |
        | void-asks-for-nothing |
      And rule jz-before-it-existed does not hold

  Rule: A preauthorization request is not asked for what only a claim can carry

    Background: A request for a refill in a physician's office (synthetic)
      Given a preauthorization request to Medicare for J0945 on 2025-03-03
      And the request has place of service 11
      And the diagnoses G82.51
      And it is known that the phase of therapy is refill

    Scenario: It needs neither modifier
      Given these claim lines
        | modifiers | units |
        |           | 4     |
      When the request is decided
      Then it is not required
      And rule jz-missing does not hold
      And wastage.in_scope is concluded to be no

    Scenario: Modifiers and the units of several days together are no fault of it
      Given these claim lines
        | modifiers | units |
        | JW JZ     | 24    |
      When the request is decided
      Then it is not required
      And no rule denies it
      And rule daily-limit does not hold
      And there is no reason from rule discard-modifier-needless
