Feature: Medicare: the screening dose itself

  The trial dose comes before everything else, so nothing that follows from it can be asked of it. A
  screening dose is 50, 75 or 100 mcg: a part of one 10 mg unit of J0945.

  Background: One screening dose in an office, with nothing that rules it out
    Given the example screening-dose of Medicare for J0945

  Rule: A screening dose does not ask for the success of a screening trial

    Scenario: A bare claim for a screening dose is paid
      When the claim is decided
      Then it is approved
      And it asks nothing
      And 1 unit is allowed on line 1

    Scenario: It is paid whatever the response to it
      Given it is known that the response to the screening trial is not favorable
      And it is known that the decisive screening dose is 100 mcg
      When the claim is decided
      Then it is approved

    Scenario Outline: The phase is read from the injection: <case>
      Given line 2 has code <injection>
      When the claim is decided
      Then it is approved
      And the phase of therapy is concluded to be trial
      And the route is concluded to be intrathecal

      Examples:
        | case                             | injection |
        | lumbar, without imaging          | 62322     |
        | lumbar, with imaging             | 62323     |
        | cervical, without imaging        | 62320     |
        | cervical, with imaging           | 62321     |
        | through a catheter               | 62326     |
        | through a catheter, with imaging | 62327     |

    Scenario: A dose without its injection on the claim is paid, with a note
      Given these claim lines
        | code  | modifiers | units | place of service |
        | J0945 | JZ        | 1     | 11               |
      And it is known that the phase of therapy is trial
      When the claim is decided
      Then it is approved
      And it advises by rule procedure-not-on-claim

    Scenario: A claim that names neither injection nor phase is asked for the phase
      Given these claim lines
        | code  | modifiers | units | place of service |
        | J0945 | JZ        | 1     | 11               |
      When the claim is decided
      Then it is pended
      And no rule denies it
      And it asks for the phase of therapy

  Rule: The dose stays within the protocol

    Scenario Outline: A dose of <dose> is within it
      Given it is known that the dose administered is <dose>
      When the claim is decided
      Then it is approved
      And rule screening-dose-above-protocol does not hold

      Examples:
        | dose    |
        | 25 mcg  |
        | 50 mcg  |
        | 75 mcg  |
        | 100 mcg |
        | 0.1 mg  |

    Scenario Outline: A dose of <dose> is above it, and a person looks
      Given it is known that the dose administered is <dose>
      When the claim is decided
      Then it is pended
      And the reasons are
        | rule                          | line |
        | screening-dose-above-protocol | 1    |
      And it says "is above the 100 mcg at which the protocol ends"

      Examples:
        | dose      |
        | 100.1 mcg |
        | 101 mcg   |
        | 125 mcg   |
        | 10 mg     |

    Scenario: The dose is in the record, so a claim without it is paid on an assumption
      When the claim is decided
      Then it is approved
      And it is assumed that rule screening-dose-above-protocol does not hold

    Scenario Outline: The protocol of a screening dose does not count against <case>
      Given the drug lines have units 4
      And line 2 has code <procedure>
      And it is known that the dose administered is 40 mg
      When the claim is decided
      Then it is approved
      And rule screening-dose-above-protocol does not hold
      And rule trial-units-above-expected does not hold

      Examples:
        | case                 | procedure |
        | a refill             | 62369     |
        | a change of the dose | 62368     |

    Scenario: Doses that were given too close together are noted and paid
      Given it is known that the decisive screening dose is 75 mcg
      And it is known that the number of screening doses given is 2
      And it is known that the time between the last two screening doses is 23 hours
      When the claim is decided
      Then it is approved
      And it advises by rule trial-protocol-noted
      And rule trial-doses-too-close does not hold

    Scenario: Doses that were given a day apart are not even noted
      Given it is known that the decisive screening dose is 75 mcg
      And it is known that the number of screening doses given is 2
      And it is known that the time between the last two screening doses is 24 hours
      When the claim is decided
      Then it is approved
      And rule trial-protocol-noted does not hold

  Rule: One 10 mg unit covers every screening dose

    Scenario: More than one unit pends for review
      Given the drug lines have units 2
      When the claim is decided
      Then it is pended
      And the reasons are
        | rule                       | line |
        | trial-units-above-expected | 1    |
      And it says "one of at most 100 mcg needs 1 billing unit"

    Scenario: Units over several lines count together
      Given these claim lines
        | code  | modifiers | units | place of service | ndc           |
        | J0945 | JZ        | 1     | 11               | 66794-151-01  |
        | J0945 | JZ        | 1     | 11               | 70121-2496-05 |
        | 62322 |           | 1     | 11               |               |
      When the claim is decided
      Then it is pended
      And the reasons are
        | rule                       | line |
        | trial-units-above-expected | 1 2  |

    Scenario: Units that the claim leaves out are asked for
      Given the drug lines have no units
      When the claim is decided
      Then it is pended
      And no rule denies it
      And rule trial-units-above-expected is not known

    Scenario: A void of a screening dose is not looked at for its units or its dose
      Given the claim has frequency 8
      And the drug lines have units 2
      And it is known that the dose administered is 125 mcg
      When the claim is decided
      Then it is pended
      And the reasons are
        | rule                  |
        | void-asks-for-nothing |
